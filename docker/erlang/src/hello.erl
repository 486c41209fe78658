-module(hello).
-behaviour(application).
-behaviour(supervisor).
-export([start/2, stop/1, init/1]).

start(_Type, _Args) ->
    io:format("hello: started as ~s~n", [node()]),
    supervisor:start_link(?MODULE, []).

stop(_State) ->
    io:format("hello: stopped gracefully~n").

init([]) ->
    {ok, {#{}, []}}.
