# file: daemon/sshd/grammar_lists.c
# breaks: 9.5 to 9.6 keep a blank after a lone subsystem command, others too
# releases: sid trixie
s/release->number < RELEASE_SUBSYSTEM_TRIM/release->number < 2000/
