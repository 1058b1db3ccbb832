# file: daemon/keys/strict_modes.c
# breaks: the file's modes are looked at, what stands above it is not
s/if \(i > 0 && question->home && .*$/if (i == 0)/
