# file: daemon/pam/line.c
# breaks: a file may end inside a continued line
# releases: trixie sid
s/r = is_continued \? PAM_LINE_BROKEN : PAM_LINE_END;/r = PAM_LINE_END;/
