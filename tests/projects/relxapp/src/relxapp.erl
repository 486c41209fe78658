%% Says under which name and cookie its node runs when it starts, and that it is being shut down when it is.
-module(relxapp).
-behaviour(application).
-behaviour(supervisor).
-export([start/2, stop/1, init/1]).

start(_Type, _Args) ->
    io:format("node=~ts cookie=~ts~n", [node(), erlang:get_cookie()]),
    supervisor:start_link(?MODULE, []).

stop(_State) ->
    io:format("stopped~n").

init([]) ->
    {ok, {#{}, []}}.
