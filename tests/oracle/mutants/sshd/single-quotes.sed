# file: daemon/sshd/lexer.c
# breaks: single quotes do not quote
# releases: bookworm trixie sid
s/\(\*c == '"' \|\| \*c == '\\''\)/(*c == '"')/
