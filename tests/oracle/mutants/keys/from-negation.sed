# file: daemon/keys/options.c
# breaks: a negated host of from only fails to match
s/by_host != PATTERN_NEGATED && //
