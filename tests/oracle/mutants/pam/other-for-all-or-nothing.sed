# file: daemon/pam/stack.c
# breaks: other stands in for a type only if the service has no file
s/bool is_other = loader->own\[type\].n_items == 0;/bool is_other = !loader->service->is_present;/
