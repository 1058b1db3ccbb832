# file: daemon/pam/control.c
# breaks: a jump number that is too large wraps in every release
# releases: trixie sid
s/!release->wraps_jumps &&/false \&\&/
