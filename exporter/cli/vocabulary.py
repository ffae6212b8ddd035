"""Words of servers and of English that are not names, so that a masked line stays readable."""

_WORDS = """
    a abort aborted about accept accepted access account accounts action active actual admin after again age all
    allow allowed already also an and another answer any apop application are argument as at attempt attempts
    auditlog auth authenticate authenticated authenticating authentication authorization authorized
    autodetection autologout backend backwards bad because been before began begin being beneath block blocked
    body box broken bug busy but by bye bytes bz2 cache cached can cannot capa carrier categories cert
    certificate chain change changed child cipher clean cleared cleartext client clienthost clients close closed
    closing cmd code com command commands communication config configuration connect connected connecting
    connection connections corrupt could count courier cram credentials critical csv current cyrus daemon data
    database db debug default deferred del delay delayed dele delete deleted denied deny destination dict did
    died digest directory disabled disallowed disconnect disconnected disconnecting disk do does domain done
    dovecot down drop dropped due duplicate during echo empty enabled encrypted end ended err error errors euid
    event events exceeded exceeding exceeds excess excessive exchange exit exited expected expired expunge
    expunged external extra fail failed failing failure failures false fatal fd fields file files find finished
    first folder for format found from full get given global good goodbye gssapi gz handshake handshaking hang
    has have header hello helo host hostname id idle if ignored illegal imap imap4 imapd imaps in inactive
    inactivity inbox incorrect index info initial input insecure internal interrupted into invalid invocation io
    ip is it its job json key kick kicked killed killing large last lda ldap left length level limit line lines
    lip list listen lmtp local localhost lock locked locking log logged login logins logoff logon logout long
    lookup lost lua luser mail mailbox mailboxes maildir maildrop mailutils main malformed many mapped master
    match max maximum mbox mda mech mechanism mechanisms mechs memory message messages method missing mode more
    most mount moved mpid msg mtime must mx name names namespace negotiation network never new next nginx no
    nobody none noop not note notice now null number oauth2 octets of off ok old on one only open opened opening
    operation option or other out output over own page pam parent parse part passdb passwd password passwords
    path peer perdition permission permitted phase pid ping plain plugin plus policy pop pop2 pop3 pop3c pop3d
    pop3s popa3d poplog popper port possible post prefix probe process processes program protocol proxied proxy
    proxying qpopper queue quit quota rate rcvd read reading ready real reason received recipient record refused
    rejected relay remote removed renegotiation reply request requested required reset respond response restart
    restarted result retr retry return returned rhost right rip root rset rule running runtime ruser same sasl
    save saved scheduled search sec second seconds secret secrets secs secure secured security see seen segment
    send sending sent server serverlog service services session sessionid sessions set setting settings shared
    shm should shut shutdown shutting sieve signal signaled size skipped slow smtp smtpc smtpd socket solid
    source space spool sql ssl stage started starting starttls startup stat state static stats status stderr
    stdout still stls stop stopped storage store stored stream submission subsystem success successful
    successfully support supported suspended syntax sys syslog system systemd tag tar tcp tcpip temporarily
    temporary terminate terminated terminating test tgz than that the their them then there this thread
    throttled time timed timeout tls tlsv1 to too top total trace traffic tried true try trying tty txt type uid
    uidl unable unauthenticated unauthorized unavailable undefined under unencrypted unexpected unix unknown
    unlink unlocked unopened unreachable unsupported until up update uppercase usage use used user userdb
    username users using valid value verification verify version via violation wait waiting warn warning was
    were when where which while will with without worker write writing wrong xoip xz you your zero zip
"""
# File extensions, which are not domains.
_ENDINGS = """
    c cache cf cfg cnf conf config cpp crt csv dat db err gz h index ini java json key lock log pem pid service
    sock socket tmp txt xml yaml
"""

VOCABULARY = frozenset(_WORDS.split())
ENDINGS = frozenset(_ENDINGS.split())
