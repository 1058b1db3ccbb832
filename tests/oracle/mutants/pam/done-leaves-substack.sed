# file: daemon/pam/walk.c
# breaks: a decision inside a substack ends the whole stack
s/while \(is_decided && follows\(rules, \*at, level\)\)/while (is_decided \&\& follows(rules, *at, 0))/
