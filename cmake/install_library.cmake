# cmake -D FROM=BUILD -D TO=FOLDER -P install_library.cmake - installs the library alone, below FOLDER, which then holds
# nothing else.
file(REMOVE_RECURSE ${TO})
set(ENV{DESTDIR} ${TO})
execute_process(COMMAND ${CMAKE_COMMAND} --install ${FROM} --component library COMMAND_ERROR_IS_FATAL ANY)
