# file: daemon/pam/stack.c
# breaks: an illegal type inside an include fails in auth
s/file->type == PAM_TYPE_ANY \? PAM_TYPE_AUTH : \(enum pam_type\)file->type/PAM_TYPE_AUTH/
