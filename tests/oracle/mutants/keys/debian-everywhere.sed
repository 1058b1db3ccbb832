# file: daemon/keys/strict_modes.c
# breaks: what the group may write is never trusted, as upstream has it
s/\(release->is_debian && /(false \&\& /
