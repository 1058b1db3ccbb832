# file: daemon/sshd/config.c
# breaks: -f none is a file of that name
s/strcasecmp\(config->path, "none"\) != 0/true/
