# file: daemon/keys/options.c
# breaks: a port has no name
s/(environment->service_port\(.*\)) > 0/\1 > 65535/
