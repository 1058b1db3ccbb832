# file: daemon/sshd/number.c
# breaks: sizes lose their fraction (1.5M is 1M)
s/ \+ sign \* fraction;/;/
