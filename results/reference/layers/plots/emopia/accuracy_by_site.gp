# Accuracy by injection site
# Draws accuracy_by_site.svg, accuracy_by_site.pdf and accuracy_by_site.png from accuracy_by_site.csv, in this folder: gnuplot accuracy_by_site.gp
# 'mofi report' writes this file anew; for a style of your own, keep a copy under another name.
reset session
data = 'accuracy_by_site.csv'
set datafile separator comma
set encoding utf8
set border 3 lc rgb '#444444'
set tics nomirror out scale 0.5 textcolor rgb '#222222'
set grid ytics lt 1 lw 0.5 lc rgb '#DDDDDD'
set style fill solid 1 noborder
set bars 0
do for [format in 'svg pdf png'] {
  small = format eq 'svg' ? ',10' : ',7.5'
  if (format eq 'svg') { set terminal svg noenhanced size 600,784 font 'DejaVu Sans,12' }
  if (format eq 'pdf') { set terminal pdfcairo noenhanced size 6.250in,8.167in font 'DejaVu Sans,9' fontscale 1 }
  if (format eq 'png') { set terminal pngcairo noenhanced size 1200,1568 font 'DejaVu Sans,9' fontscale 2 linewidth 2 pointscale 2 }
  set output 'accuracy_by_site.'.format
  set multiplot layout 3,1 margins screen 0.1267,0.9767,0.0816,0.8852 spacing 0,0.0230
  set key at screen 0.0633, screen 0.9923 left top vertical maxcols 1 Left reverse samplen 3 spacing 1.15
  set xrange [-0.5:2.5]
  set xtics 1
  set ylabel 'accuracy, %' offset 0.5,0
  set yrange [52.8128:68.0672]
  set object rectangle from graph 0, first 53.686 to graph 1, first 60.6707 behind fc rgb '#E8E8E8' fs solid noborder
  set arrow from graph 0, first 57.1429 to graph 1, first 57.1429 nohead back lc rgb '#555555' dt 2 lw 1.2
  set format x ''
  unset xlabel
  plot data using (column('site')-0.110):(strcol('series') eq 'constant' ? column('accuracy') : NaN):(strcol('series') eq 'constant' ? column('accuracy_low') : NaN):(strcol('series') eq 'constant' ? column('accuracy_high') : NaN) with yerrorbars lc rgb '#0072B2' ps 0 dt 1 notitle, \
    data using (column('site')-0.110):(strcol('series') eq 'constant' ? column('accuracy') : NaN) with linespoints lc rgb '#0072B2' dt 1 lw 1.6 pt 7 ps 0.8 title 'constant', \
    data using (column('site')+0.000):(strcol('series') eq 'mode' ? column('accuracy') : NaN):(strcol('series') eq 'mode' ? column('accuracy_low') : NaN):(strcol('series') eq 'mode' ? column('accuracy_high') : NaN) with yerrorbars lc rgb '#D55E00' ps 0 dt 1 notitle, \
    data using (column('site')+0.000):(strcol('series') eq 'mode' ? column('accuracy') : NaN) with linespoints lc rgb '#D55E00' dt 2 lw 1.6 pt 5 ps 0.75 title 'mode', \
    data using (column('site')+0.110):(strcol('series') eq 'shuffled' ? column('accuracy') : NaN):(strcol('series') eq 'shuffled' ? column('accuracy_low') : NaN):(strcol('series') eq 'shuffled' ? column('accuracy_high') : NaN) with yerrorbars lc rgb '#009E73' ps 0 dt 1 notitle, \
    data using (column('site')+0.110):(strcol('series') eq 'shuffled' ? column('accuracy') : NaN) with linespoints lc rgb '#009E73' dt 4 lw 1.6 pt 9 ps 0.9 title 'shuffled', \
    keyentry with lines lc rgb '#555555' dt 2 lw 1.2 title 'none, with its 95 % interval'
  unset object
  unset arrow
  unset key
  set ylabel 'valence right, %' offset 0.5,0
  set yrange [61.1492:76.4708]
  set object rectangle from graph 0, first 62.1916 to graph 1, first 69.0364 behind fc rgb '#E8E8E8' fs solid noborder
  set arrow from graph 0, first 65.6215 to graph 1, first 65.6215 nohead back lc rgb '#555555' dt 2 lw 1.2
  set format x ''
  unset xlabel
  plot data using (column('site')-0.110):(strcol('series') eq 'constant' ? column('valence') : NaN):(strcol('series') eq 'constant' ? column('valence_low') : NaN):(strcol('series') eq 'constant' ? column('valence_high') : NaN) with yerrorbars lc rgb '#0072B2' ps 0 dt 1 notitle, \
    data using (column('site')-0.110):(strcol('series') eq 'constant' ? column('valence') : NaN) with linespoints lc rgb '#0072B2' dt 1 lw 1.6 pt 7 ps 0.8 notitle, \
    data using (column('site')+0.000):(strcol('series') eq 'mode' ? column('valence') : NaN):(strcol('series') eq 'mode' ? column('valence_low') : NaN):(strcol('series') eq 'mode' ? column('valence_high') : NaN) with yerrorbars lc rgb '#D55E00' ps 0 dt 1 notitle, \
    data using (column('site')+0.000):(strcol('series') eq 'mode' ? column('valence') : NaN) with linespoints lc rgb '#D55E00' dt 2 lw 1.6 pt 5 ps 0.75 notitle, \
    data using (column('site')+0.110):(strcol('series') eq 'shuffled' ? column('valence') : NaN):(strcol('series') eq 'shuffled' ? column('valence_low') : NaN):(strcol('series') eq 'shuffled' ? column('valence_high') : NaN) with yerrorbars lc rgb '#009E73' ps 0 dt 1 notitle, \
    data using (column('site')+0.110):(strcol('series') eq 'shuffled' ? column('valence') : NaN) with linespoints lc rgb '#009E73' dt 4 lw 1.6 pt 9 ps 0.9 notitle
  unset object
  unset arrow
  set ylabel 'arousal right, %' offset 0.5,0
  set yrange [83.9974:89.8326]
  set object rectangle from graph 0, first 84.7586 to graph 1, first 89.4808 behind fc rgb '#E8E8E8' fs solid noborder
  set arrow from graph 0, first 87.0686 to graph 1, first 87.0686 nohead back lc rgb '#555555' dt 2 lw 1.2
  set format x '%g'
  set xlabel 'injection site (0: after the embedding, k: after layer k)'
  plot data using (column('site')-0.110):(strcol('series') eq 'constant' ? column('arousal') : NaN):(strcol('series') eq 'constant' ? column('arousal_low') : NaN):(strcol('series') eq 'constant' ? column('arousal_high') : NaN) with yerrorbars lc rgb '#0072B2' ps 0 dt 1 notitle, \
    data using (column('site')-0.110):(strcol('series') eq 'constant' ? column('arousal') : NaN) with linespoints lc rgb '#0072B2' dt 1 lw 1.6 pt 7 ps 0.8 notitle, \
    data using (column('site')+0.000):(strcol('series') eq 'mode' ? column('arousal') : NaN):(strcol('series') eq 'mode' ? column('arousal_low') : NaN):(strcol('series') eq 'mode' ? column('arousal_high') : NaN) with yerrorbars lc rgb '#D55E00' ps 0 dt 1 notitle, \
    data using (column('site')+0.000):(strcol('series') eq 'mode' ? column('arousal') : NaN) with linespoints lc rgb '#D55E00' dt 2 lw 1.6 pt 5 ps 0.75 notitle, \
    data using (column('site')+0.110):(strcol('series') eq 'shuffled' ? column('arousal') : NaN):(strcol('series') eq 'shuffled' ? column('arousal_low') : NaN):(strcol('series') eq 'shuffled' ? column('arousal_high') : NaN) with yerrorbars lc rgb '#009E73' ps 0 dt 1 notitle, \
    data using (column('site')+0.110):(strcol('series') eq 'shuffled' ? column('arousal') : NaN) with linespoints lc rgb '#009E73' dt 4 lw 1.6 pt 9 ps 0.9 notitle
  unset object
  unset arrow
  unset multiplot
}
set output
