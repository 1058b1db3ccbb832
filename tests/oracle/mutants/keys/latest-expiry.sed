# file: daemon/keys/options.c
# breaks: the latest expiry-time counts
s/expires < options->expires/expires > options->expires/
