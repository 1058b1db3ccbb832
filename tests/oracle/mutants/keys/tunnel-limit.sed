# file: daemon/keys/options.c
# breaks: tunnel devices go one further
s/TUNNEL_MAX = 0x7ffffffd/TUNNEL_MAX = 0x7ffffffe/
