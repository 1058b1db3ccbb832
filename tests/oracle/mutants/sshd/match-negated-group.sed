# file: daemon/sshd/match.c
# breaks: a group that is excluded no longer fails a Match Group another group satisfies
s/if \(result == PATTERN_NEGATED\)/if (false)/
