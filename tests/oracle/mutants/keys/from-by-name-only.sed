# file: daemon/keys/options.c
# breaks: from does not look at networks
s/ \|\| by_address == 1//
