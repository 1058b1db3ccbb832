# file: daemon/pam/release.c
# breaks: a jump in a frozen chain counts in Debian's build, too
s/release->ignores_frozen_jumps = is_debian;/release->ignores_frozen_jumps = false;/
