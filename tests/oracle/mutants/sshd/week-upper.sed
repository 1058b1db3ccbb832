# file: daemon/sshd/number.c
# breaks: W is no unit of time
/case 'W':/d
