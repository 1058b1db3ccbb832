# file: daemon/keys/strict_modes.c
# breaks: what stands above the home is looked at too
s/^( +)if \(i > 0 && question->home .*$/\1if (i + 1 == question->n_chain)/
