# file: daemon/keys/options.c
# breaks: a backslash escapes nothing
s/if \(from\[0\] == .*$/if (false)/
