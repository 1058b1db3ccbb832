# file: daemon/sshd/lexer.c
# breaks: a comment after arguments is taken as arguments
# releases: bookworm trixie sid
s/\*text == '\\0' \|\| \*text == '#'/*text == '\\0'/
