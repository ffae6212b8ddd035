#!/bin/sh
# Installs the programs that tests start. Without root, it prints which are missing; their tests are skipped.
# With POP3_REQUIRE_TOOLS=1 (CI) a missing program fails.
set -eu

# Programs without a package are built from their Go modules, if Go is installed.
cache="${XDG_CACHE_HOME:-$HOME/.cache}/pop3-exporter/bin"
build() {  # PROGRAM MODULE@VERSION
    ! PATH="$PATH:$cache" command -v "$1" >/dev/null 2>&1 || return 0
    # helm takes minutes to build: only where tests may not be skipped.
    if command -v go >/dev/null 2>&1 && { [ "$1" != helm ] || [ "${POP3_REQUIRE_TOOLS:-}" = 1 ]; }; then
        echo "building for the tests: $2"
        mkdir -p "$cache"
        GOBIN="$cache" go install "$2" || echo "could not be built: $2" >&2
    fi
    if ! [ -x "$cache/$1" ]; then
        echo "skipping tests that need $1; to run them, install Go and run: GOBIN=$cache go install $2" >&2
        [ "${POP3_REQUIRE_TOOLS:-}" != 1 ] || exit 1
    fi
}
build prom-label-proxy github.com/prometheus-community/prom-label-proxy@v0.12.1
build helm helm.sh/helm/v3/cmd/helm@v3.22.0
build actionlint github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

missing=""
need() {  # PROGRAM PACKAGE
    PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null 2>&1 || case "$missing " in *" $2 "*) ;; *) missing="$missing $2" ;; esac
}
need prometheus prometheus
need promtool prometheus
need amtool prometheus-alertmanager
need dovecot dovecot-pop3d
test -e /usr/lib/dovecot/imap-login || missing="$missing dovecot-imapd"
need logrotate logrotate
need strace strace
need bzip2 bzip2
need xz xz-utils
need soffice libreoffice-calc
need mtail mtail
need npm npm
need vmalert victoria-metrics    # and the server beside it
test -x /lib/systemd/systemd-journal-remote || missing="$missing systemd-journal-remote"

[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing for the tests:$missing"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # Services of packages must not start here: tests start their own.
    if ! [ -e /usr/sbin/policy-rc.d ]; then
        printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
        chmod +x /usr/sbin/policy-rc.d
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    fi
    # shellcheck disable=SC2086 - a list of words
    apt-get install -y -qq --no-install-recommends $missing >/dev/null
elif [ "${POP3_REQUIRE_TOOLS:-}" = 1 ]; then
    echo "missing:$missing" >&2
    exit 1
else
    echo "skipping tests that need packages which are not installed; to run them:"
    echo "    sudo apt-get install$missing"
fi
