# file: daemon/keys/pubkey.c
# breaks: short names inside a blob count in every release
# releases: trixie sid
s/release->number <= 908/true/
