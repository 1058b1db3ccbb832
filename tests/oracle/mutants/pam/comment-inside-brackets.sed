# file: daemon/pam/line.c
# breaks: a comment is not cut where the line is continued by nothing
# releases: bullseye bookworm
s/start\[strcspn\(start, "#"\)\] = /start[strcspn(start, "\\001")] = /
