"""Attacks on each limit, as functions that are run within walls (see `within_walls`)."""

from __future__ import annotations

from collections.abc import Callable

from limit_attacks import memory, others, queues

ATTACKS: dict[Callable[[], object], str] = {
    memory.private_memory: "Memory",
    memory.memory_of_many: "150 MiB of memory",
    memory.memory_of_orphans: "150 MiB of memory",
    memory.undumpable_memory: "",
    others.undumpable_files: "",
    memory.unreadable_programs: "",
    memory.memory_of_the_leaderless: "150 MiB of memory",
    others.files_of_the_leaderless: "50 MiB of files",
    others.files_of_a_thread: "",
    memory.page_tables: "150 MiB of memory",
    memory.nameless_shared_memory: "",
    memory.nameless_shared_memory_in_pieces: "150 MiB of memory",
    memory.zeros_shared: "",
    memory.memory_files: "",
    memory.memory_files_mapped: "",
    memory.system_v_memory: "",
    memory.system_v_semaphores: "",
    memory.system_v_messages: "",
    memory.posix_messages: "",
    memory.keys: "",
    memory.files_of_the_root: "",
    memory.rulesets: "",
    memory.table_of_futexes: "",
    memory.pieces_of_address_space: "",
    memory.unix_sockets: "150 MiB of memory",
    memory.pipes: "Operation not permitted",
    memory.terminals: "",
    memory.tcp_sockets: "",
    others.file_locks: "locks",
    others.watches: "watches",
    others.open_files: "files",
    others.written_files: "50 MiB of files",
    others.deleted_files: "50 MiB of files",
    others.deleted_files_mapped: "50 MiB of files",
    others.deleted_files_on_their_way: "sent and not received",
    others.files_behind_a_door: "files",
    others.many_files: "300 files",
    others.files_in_memory: "",
    others.processes: "",
    others.threads: "",
    others.processor_time: "SIGKILL",
    others.processor_time_of_many: "processor time",
    queues.connections_not_accepted: "",
    queues.datagrams_of_the_gone: "",
    queues.sockets_on_their_way: "150 MiB of memory",
    queues.a_byte_of_each_page: "",
    queues.born_unreadable: "",
    queues.shared_memory_by_its_name: "",
    queues.attributes_of_files: "",
    queues.locked_memory: "",
    queues.huge_pages: "",
    queues.watched_watchers: "",
    queues.children_that_are_never_seen: "",
    queues.children_seen_once: "",
}
"""What each attack ends with; "" where that depends on the walls."""

FOR_THE_FILTER = (memory.rulesets, memory.table_of_futexes, queues.a_byte_of_each_page)
"""Attacks that only the filter of system calls stops, or a control group."""
