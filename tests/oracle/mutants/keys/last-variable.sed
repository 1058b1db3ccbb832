# file: daemon/keys/options.c
# breaks: every word on a variable counts
# releases: bookworm sid trixie
s/if \(is_strict && sets_variable.*$/if (false)/
