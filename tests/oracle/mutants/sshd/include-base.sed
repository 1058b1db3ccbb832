# file: daemon/sshd/config.c
# breaks: relative includes are looked for beside the drop-ins
s,text_format\("/etc/ssh/%s",text_format("/etc/ssh/sshd_config.d/%s",
