# file: daemon/keys/authorized_keys.c
# breaks: one blank at most between options and key
s/^( +key \+= )strspn\(key, .*$/\1*key != 0;/
