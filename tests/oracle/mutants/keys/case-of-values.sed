# file: daemon/keys/options.c
# breaks: options with a value are case-sensitive
s/strncasecmp\(parser->next, values/strncmp(parser->next, values/
