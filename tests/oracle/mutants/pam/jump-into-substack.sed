# file: daemon/pam/walk.c
# breaks: a jump counts the rules of a substack one by one
s/while \(follows\(rules, \*at, level \+ 1\)\);/while (false);/
