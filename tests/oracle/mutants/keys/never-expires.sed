# file: daemon/keys/options.c
# breaks: an expired key still opens the door
s/options->has_expiry && connection->now > 0/false/
