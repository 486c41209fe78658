%% In the place of epmd's client, in a VM that reaches one node, whose name has an address, at the near end of a tunnel.
-module(beaminit_attach).
-export([start_link/0, names/1, register_node/2, register_node/3]).
-export([address_please/3, port_please/2, port_please/3, listen_port_please/2]).

start_link() -> ignore.
names(_) -> {error, address}.
register_node(_, _) -> {ok, 1}.
register_node(_, _, _) -> {ok, 1}.
listen_port_please(_, _) -> {ok, 0}.

address_please(_, "HOST", _) -> {ok, ADDRESS, PORT, 6};
address_please(_, _, _) -> {error, nxdomain}.

port_please(_, _) -> {port, PORT, 6}.
port_please(_, _, _) -> {port, PORT, 6}.
