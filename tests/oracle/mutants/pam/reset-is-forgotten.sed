# file: daemon/pam/search.c
# breaks: what a reset in a substack restores is not part of a state
s/if \(can_reset\(&rules->items\[i\]\)\)/if (false)/
