# file: daemon/sshd/lexer.c
# breaks: a NUL byte no longer swallows the rest of its line
/stop = memchr\(data, .\\0., n\);/s/stop = .*/stop = NULL;/
