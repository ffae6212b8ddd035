# bash completion for pop3-exporter(1)
_pop3_exporter() {
    local IFS=$'\n'
    COMPREPLY=($(COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD _POP3_EXPORTER_COMPLETE=complete_bash "$1"))
}
complete -o default -F _pop3_exporter pop3-exporter
