# file: daemon/sshd/effective.c
# breaks: the second pass does not repeat its notes on deprecated keywords
/append_notices\(const/,/^}/s/i < config->n_notices/i < 0 * config->n_notices/
