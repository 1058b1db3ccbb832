# file: daemon/sshd/lexer.c
# breaks: a backslash before a blank is an escape inside quotes too
# releases: bookworm trixie sid
s/\(!quote && c\[1\] == ' '\)/(c[1] == ' ')/
