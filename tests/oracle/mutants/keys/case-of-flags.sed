# file: daemon/keys/options.c
# breaks: flags are case-sensitive
s/strncasecmp\(name, flags/strncmp(name, flags/
