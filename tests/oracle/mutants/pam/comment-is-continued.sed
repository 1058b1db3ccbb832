# file: daemon/pam/line.c
# breaks: a backslash behind a comment continues the line
# releases: trixie sid
s/prepared.is_last = strchr\(bytes, '#'\) != NULL;/prepared.is_last = false;/
