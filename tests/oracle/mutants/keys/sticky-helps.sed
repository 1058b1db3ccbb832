# file: daemon/keys/strict_modes.c
# breaks: the sticky bit makes a directory that others can write trusted
s/if \(path->mode & OTHER_WRITABLE\)/if (path->mode \& OTHER_WRITABLE \&\& !(path->mode \& 01000))/
