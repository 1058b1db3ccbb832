# file: daemon/keys/strict_modes.c
# breaks: a group that is somebody else's primary one counts as the owner's alone
s/if \(accounts->items\[i\]\.uid != question->uid\)/if (false)/
