# file: daemon/keys/crypto.c
# breaks: points need no ordinary size in old releases
# releases: bookworm bullseye trixie
s/release->number >= 1003/true/
