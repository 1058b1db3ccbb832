# SPDX-License-Identifier: GPL-3.0-or-later
# bash completion of sshguardctl(1). Rules, paths and incidents are asked of the daemon, if it answers.

# Values of a member in the JSON of a command; bytes that are not printable were escaped by the client.
_sshguardctl_ask() {
        sshguardctl "$1" --json 2>/dev/null |
                sed -n "s/^ *\"$2\": \"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}\$/\1/p"
}

_sshguardctl() {
        local cur prev word command='' options
        local commands='status findings files keys access rules history show diff approve acknowledge edit confirm restore permit pause
                resume unlock package-run check explain monitor metrics generate-policy reload help'
        local common='--help --version --json --quiet --no-pager --socket'

        COMPREPLY=()
        cur=${COMP_WORDS[COMP_CWORD]}
        prev=${COMP_WORDS[COMP_CWORD - 1]}
        case $prev in
        --socket | --from) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
        --path) mapfile -t COMPREPLY < <(compgen -W "$(_sshguardctl_ask files path)" -- "$cur"); return ;;
        --rule | --exception) mapfile -t COMPREPLY < <(compgen -W "$(_sshguardctl_ask rules id)" -- "$cur"); return ;;
        --user) mapfile -t COMPREPLY < <(compgen -u -- "$cur"); return ;;
        --severity) mapfile -t COMPREPLY < <(compgen -W 'info low medium high critical' -- "$cur"); return ;;
        --revoke) mapfile -t COMPREPLY < <(compgen -W "$(_sshguardctl_ask permit id)" -- "$cur"); return ;;
        --since | -S | --until | -U | --limit | -n | --sha256 | --reason | -r | --for | --uses | --confirm) return ;;
        esac

        for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
                [[ " ${commands//$'\n'/ } " == *" $word "* ]] && command=$word && break
        done
        case $command in
        history) options='--since --until --path --rule --user --severity --limit' ;;
        approve) options='--all --sha256 --yes --reason --exception --for' ;;
        access) options='--from' ;;
        acknowledge) options='--all --yes --reason' ;;
        edit) options='--from --yes --reason --exception --for --confirm' ;;
        confirm) options='--undo' ;;
        restore) options='--reason --exception --for' ;;
        permit) options='--for --reason --uses --revoke' ;;
        pause | unlock) options='--for --reason' ;;
        *) options='' ;;
        esac
        if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "$common $options" -- "$cur")
                return
        fi
        case $command in
        '' | help) mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur") ;;
        show) mapfile -t COMPREPLY < <(compgen -W "$(_sshguardctl_ask history id)" -- "$cur") ;;
        diff | restore)
                mapfile -t COMPREPLY < <(compgen -W "$(_sshguardctl_ask files path)
                        $(_sshguardctl_ask history id)" -- "$cur")
                ;;
        approve | edit | confirm | permit | unlock)
                mapfile -t COMPREPLY < <(compgen -W "$(_sshguardctl_ask files path)" -- "$cur")
                ;;
        keys | access) mapfile -t COMPREPLY < <(compgen -u -- "$cur") ;;
        explain | acknowledge) mapfile -t COMPREPLY < <(compgen -W "$(_sshguardctl_ask rules id)" -- "$cur") ;;
        esac
}

complete -F _sshguardctl sshguardctl
