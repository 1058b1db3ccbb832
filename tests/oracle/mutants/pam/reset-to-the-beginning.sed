# file: daemon/pam/run.c
# breaks: reset in a substack forgets what was before it
s/run->saved\[rule->level\] = run->verdict;/run->saved[rule->level] = PAM_VERDICT_INITIAL;/
