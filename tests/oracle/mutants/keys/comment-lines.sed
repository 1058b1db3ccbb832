# file: daemon/keys/authorized_keys.c
# breaks: a # after blanks starts no comment
s/ \|\| \*text == '#'/ || *copy == '#'/
