# file: daemon/sshd/grammar_numbers.c
# breaks: MaxStartups 0 is accepted
# releases: bookworm trixie sid
s/\(numbers\[0\] <= 0 \|\| numbers\[2\] <= 0\)/(numbers[0] < 0 || numbers[2] < 0)/
