# file: daemon/keys/strict_modes.c
# breaks: what belongs to root is not trusted
s/if \(path->uid != 0 && path->uid != question->uid\)/if (path->uid != question->uid)/
