# file: daemon/sshd/effective.c
# breaks: global-only keywords after Match all beat the global section
s/keyword->flags & \(KEYWORD_IN_MATCH \| KEYWORD_TEXT_COPIED\)/true/
