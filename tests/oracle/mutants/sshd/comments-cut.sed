# file: daemon/sshd/lexer.c
# breaks: old releases keep # inside a word
# releases: bullseye
s/\.cut_comments = release->number < RELEASE_ARGV/.cut_comments = false/
