# file: daemon/keys/pubkey.c
# breaks: every release knows DSA
# releases: trixie sid
s/false, 0, 907/false, 0, 0/
