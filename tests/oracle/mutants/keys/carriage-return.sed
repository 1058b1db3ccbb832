# file: daemon/keys/authorized_keys.c
# breaks: a carriage return stays in the comment
s/== '\\r'/== '\\v'/
