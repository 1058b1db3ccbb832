# file: daemon/keys/options.c
# breaks: permitlisten takes no bare port
s/"\*:"\)/"")/
