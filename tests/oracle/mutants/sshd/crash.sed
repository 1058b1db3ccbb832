# file: daemon/sshd/grammar_lists.c
# breaks: a crash of sshd goes unnoticed
# releases: trixie
/^bool subsystems_crash/,/^}/s/matched->n_strings > 0/matched->n_strings > 999/
